import { PORT_MAP_COLUMNS } from '../port-maps/port-map-rows.js';

/**
 * Generation of a gateway's desired state: the position up to which the events that changed it were told. An index look-up; no row is
 * updated by every claim. A change counts from when its event has a position, a few milliseconds after its commit.
 */
export const GENERATION = `SELECT coalesce(max(position), 0)::text AS generation FROM outbox_desired WHERE desired_by = $1`;

/**
 * The whole desired state, in one statement and so in one snapshot: it holds at least all changes up to its generation
 * (their commits came before their positions), perhaps later ones, which do no harm.
 * $2: with what people call the maps.
 */
export const DESIRED_STATE = `
  SELECT (SELECT coalesce(max(position), 0) FROM outbox_desired WHERE desired_by = g.id)::text AS generation,
         g.id, g.name, host(g.external_address) AS "externalAddress", g.networks::text[] AS networks,
         (SELECT coalesce(json_agg(json_build_array(p.id, p.rule_id, p.protocol, p.connection_port, host(p.address),
                                                    p.target_port, p.status = 'removing',
                                                    CASE WHEN p.sources <> '{}' THEN p.sources::text[] END,
                                                    p.size,
                                                    CASE WHEN $2 THEN json_build_array(p.owner, p.name, c.name) END)), '[]')
          FROM port_map p LEFT JOIN component c ON $2 AND c.id = p.component_id WHERE p.gateway_id = g.id)::text AS maps
  FROM gateway g WHERE g.id = $1`;

export const MARK_SEEN = `
  UPDATE gateway SET mode = $2, observed_generation = greatest(observed_generation, $3::bigint), last_seen_at = now()
  WHERE id = $1`;

/**
 * What the gateway saw becomes the maps' status. Reports about an older rule of a map, about maps that are being removed
 * and those that change nothing are passed over. Rows are locked in order, so that two reports cannot deadlock.
 */
export const APPLY_STATUS = `
  WITH seen AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS s (id, rule_id, status, reason)
  ), changed AS (
    SELECT p.id, s.status, s.reason, p.status AS old_status, p.reason AS old_reason FROM port_map p JOIN seen s ON s.id = p.id AND s.rule_id = p.rule_id
    WHERE p.gateway_id = $1 AND p.status <> 'removing' AND (p.status, p.reason) IS DISTINCT FROM (s.status, s.reason)
    ORDER BY p.id FOR UPDATE OF p
  )
  UPDATE port_map p SET status = c.status, reason = c.reason, version = p.version + 1, updated_at = now()
  FROM changed c, gateway g WHERE p.id = c.id AND g.id = p.gateway_id
  RETURNING ${PORT_MAP_COLUMNS}, c.old_status AS "statusBefore", c.old_reason AS "reasonBefore"`;

/** Only maps of this gateway that are really being removed can be gone. */
export const GONE_MAPS = `SELECT id FROM port_map WHERE gateway_id = $1 AND status = 'removing' AND id = ANY($2)`;
