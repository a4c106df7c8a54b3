/** Writes one line: a constant message with key/values. Never headers, bodies, tokens or secrets. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;
