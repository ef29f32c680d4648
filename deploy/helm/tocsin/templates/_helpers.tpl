{{- define "tocsin.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "tocsin.labels" -}}
app.kubernetes.io/name: tocsin
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tocsin.environment" -}}
- {name: TOCSIN_KAFKA_BOOTSTRAP, value: {{ .Values.kafka.bootstrap | quote }}}
- {name: TOCSIN_TOPIC_PREFIX, value: {{ .Values.kafka.topicPrefix | quote }}}
- {name: TOCSIN_PARTITIONS, value: {{ .Values.kafka.partitions | quote }}}
- {name: TOCSIN_BANK_TIMEZONE, value: {{ .Values.bankTimezone | quote }}}
- {name: TOCSIN_DAY_CLOSE, value: {{ .Values.dayClose.by | quote }}}
- {name: TOCSIN_DAY_CLOSE_SOURCE, value: {{ .Values.dayClose.source | quote }}}
- name: TOCSIN_LOG_HASH_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret }}, key: log-hash-key}}
{{- end }}

{{- define "tocsin.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "tocsin.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
