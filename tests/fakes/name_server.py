"""A real DNS server on loopback: it answers the names it was given, and no others, ever."""

import asyncio
import struct
from typing import Self

_A = 1


class NameServer(asyncio.DatagramProtocol):
    """Answers with one IPv4 address per name; a name that it was not given gets no answer."""

    def __init__(self, addresses: dict[str, str], *, ttl_seconds: int = 60) -> None:
        self.addresses = addresses
        self.questions: list[str] = []
        self.asked = asyncio.Event()
        self._ttl_seconds = ttl_seconds
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    async def start(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    def stop(self) -> None:
        assert self._transport is not None
        self._transport.close()

    async def until(self, count: int, *, prefix: str, seconds: float = 10) -> None:
        """Waits until so many different names of a prefix were queried."""
        async with asyncio.timeout(seconds):
            while len({name for name in self.questions if name.startswith(prefix)}) < count:
                self.asked.clear()
                await self.asked.wait()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _question(data)
        [kind] = struct.unpack("!H", data[end - 4 : end - 2])
        self.questions.append(name)
        self.asked.set()
        if name not in self.addresses:
            return
        number = bytes(map(int, self.addresses[name].split(".")))
        answer = struct.pack("!HHHIH", 0xC00C, _A, 1, self._ttl_seconds, 4) + number
        answers = [answer] if kind == _A else []
        head = data[:2] + struct.pack("!HHHHH", 0x8180, 1, len(answers), 0, 0)
        assert self._transport is not None
        self._transport.sendto(head + data[12:end] + b"".join(answers), addr)


def _question(data: bytes) -> tuple[str, int]:
    """Return the name of the question, and where the question ends."""
    labels, at = [], 12
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode().lower())
        at += 1 + length
    return ".".join(labels), at + 5
