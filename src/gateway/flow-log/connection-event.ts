/** A translated connection that began or ended, as `conntrack -E` tells it. */
export interface ConnectionEvent {
  kind: 'new' | 'end';
  /** Milliseconds since 1970. */
  at: number;
  protocol: 'tcp' | 'udp';
  source: string;
  sourcePort: number;
  /** What the client asked for. */
  destination: string;
  connectionPort: number;
  /** Who answers. */
  target: string;
  targetPort: number;
  /** Both directions; 0 at the beginning, and where the kernel does not count. */
  packets: number;
  bytes: number;
}

const LINE =
  /^\s*(?:\[(\d+\.\d+)\s*\]\s*)?\[(NEW|DESTROY)\]\s+(?:ipv[46]\s+\d+\s+)?(tcp|udp)\s.*?\bsrc=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)(?: packets=(\d+) bytes=(\d+))? .*?\bsrc=(\S+) dst=\S+ sport=(\d+) dport=\d+(?: packets=(\d+) bytes=(\d+))?/;

/** Undefined for a line that is something else, ICMP say. About 1 us. */
export function parseConnectionEvent(line: string, now = Date.now()): ConnectionEvent | undefined {
  const parts = LINE.exec(line);
  if (parts === null) return undefined;
  const [, time, kind, protocol, source = '', destination = '', sourcePort, connectionPort, packets, bytes] = parts;
  const [target = '', targetPort, packetsBack, bytesBack] = parts.slice(10);
  return {
    kind: kind === 'NEW' ? 'new' : 'end',
    at: time === undefined ? now : Math.round(Number(time) * 1_000),
    protocol: protocol === 'tcp' ? 'tcp' : 'udp',
    source,
    sourcePort: Number(sourcePort),
    destination,
    connectionPort: Number(connectionPort),
    target,
    targetPort: Number(targetPort),
    packets: Number(packets ?? 0) + Number(packetsBack ?? 0),
    bytes: Number(bytes ?? 0) + Number(bytesBack ?? 0),
  };
}
