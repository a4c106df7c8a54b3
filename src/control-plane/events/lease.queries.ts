/**
 * How things stand with the publisher: where it is, where the stream of events ends, and how long somebody holds the lease
 * yet (0: nobody does). Two rows by their key.
 */
export const LOOK_AT_LEASE = `
  SELECT n.position, s.position AS last,
         coalesce(greatest(0, extract(epoch FROM n.held_until - clock_timestamp()) * 1000), 0)::double precision AS "heldMs"
  FROM relay n, relay s WHERE n.name = 'nats' AND s.name = 'sequencer'`;

/**
 * Takes the lease for holder $1 and $2 milliseconds if nobody has it, under the next epoch. Of two that ask at once the
 * second passes over the locked row and gets nothing. So does who meets a process of the version before, which holds the
 * row's lock while it publishes.
 */
export const TAKE_LEASE = `
  UPDATE relay SET holder = $1, epoch = epoch + 1, held_until = clock_timestamp() + $2 * interval '1 millisecond'
  WHERE name = (SELECT name FROM relay WHERE name = 'nats' AND coalesce(held_until < clock_timestamp(), true)
                FOR UPDATE SKIP LOCKED)
  RETURNING position, epoch`;

/** Notes how far the holder has come and lengthens its lease; no row when another epoch has begun. */
export const KEEP_LEASE = `
  UPDATE relay SET position = $3, held_until = clock_timestamp() + $4 * interval '1 millisecond'
  WHERE name = 'nats' AND holder = $1 AND epoch = $2 RETURNING epoch`;

/** Lets others take it at once. */
export const RELEASE_LEASE = `
  UPDATE relay SET position = $3, held_until = NULL WHERE name = 'nats' AND holder = $1 AND epoch = $2 RETURNING epoch`;
