package tocsin.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams, exactly_once_v2, a persistent store with its changelog; threads as given. */
public final class Main {
  static final class FoldProcessor implements Processor<String, byte[], String, byte[]> {
    private final ObjectMapper mapper = new ObjectMapper();
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, byte[]> store;

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
      this.context = context;
      this.store = context.getStateStore("state");
    }

    @Override
    public void process(Record<String, byte[]> record) {
      try {
        JsonNode event = mapper.readTree(record.value());
        JsonNode data = event.get("data");
        String borrower = event.get("subject").textValue();
        Fold fold = Fold.from(store.get(borrower));
        long score = fold.apply(data.get("direction").textValue(), Fold.minor(data.get("amount").textValue()),
            Fold.minor(data.get("balance_after").textValue()));
        store.put(borrower, fold.bytes());
        if (Fold.resultIsDue(borrower, fold.events)) {
          String value = "{\"borrower\":\"" + borrower + "\",\"events\":" + fold.events + ",\"score\":" + score + "}";
          context.forward(record.withValue(value.getBytes(StandardCharsets.UTF_8)));
        }
      } catch (java.io.IOException error) {
        throw new java.io.UncheckedIOException(error);
      }
    }
  }

  public static void main(String[] arguments) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(arguments[5]));
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put("auto.offset.reset", "earliest");
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    Topology topology = new Topology();
    topology.addSource("in", arguments[1]);
    topology.addProcessor("fold", FoldProcessor::new, "in");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("state"), Serdes.String(), Serdes.ByteArray())
            .withCachingEnabled(),
        "fold");
    topology.addSink("out", arguments[2], "fold");
    KafkaStreams streams = new KafkaStreams(topology, settings);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
