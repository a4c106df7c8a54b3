/** Rows that one statement deletes: some tenths of a second. */
export const FORGET_AT_ONCE = 5_000;

/** What ended more than $1 days ago, the oldest $2, by the index on its end; rows that another deletes are passed over. */
const forget = (table: string): string => `
  WITH old AS (
    SELECT h.ctid FROM ${table} h WHERE h.until < now() - make_interval(days => $1) ORDER BY h.until LIMIT $2
    FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM ${table} h WHERE h.ctid = ANY(ARRAY(SELECT old.ctid FROM old)) RETURNING 1
  )
  SELECT count(*)::integer AS gone FROM gone`;

export const FORGET = { addresses: forget('address_history'), ports: forget('port_history') } as const;
