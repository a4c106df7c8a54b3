const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);

/**
 * The trace context of a `traceparent` header (W3C Trace Context, section 3.2): the same text, of a version after 00 what 00
 * has of it; undefined for one that is not valid, which is as good as none.
 */
export function traceContext(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, trace, parent, flags, more] = TRACEPARENT.exec(header) ?? [];
  if (version === undefined || version === 'ff' || trace === NO_TRACE || parent === NO_PARENT) return undefined;
  return version === '00' && more !== undefined ? undefined : `00-${trace}-${parent}-${flags}`;
}
