import { againstReserving } from './against-reserving.mjs';

/** Renewing reservations of one address each. */
export default () =>
  againstReserving({
    prepare: (bodies) => bodies.map((body) => JSON.parse(body).id),
    request: (id) => ({ method: 'POST', path: `/reservations/${id}/renew`, body: '{"ttl":3600}' }),
  });
