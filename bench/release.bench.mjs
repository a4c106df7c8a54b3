import { againstReserving } from './against-reserving.mjs';

/** Releasing reservations of one address each. */
export default () =>
  againstReserving({
    prepare: (bodies) => bodies.map((body) => JSON.parse(body).id),
    request: (id) => ({ method: 'DELETE', path: `/reservations/${id}` }),
  });
