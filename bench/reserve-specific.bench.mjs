import { againstReserving } from './against-reserving.mjs';
import { address, shuffled, subnetOf } from './claims.mjs';

let subnet;

/** Reserving one given address each, in random order, of a /16. */
export default () =>
  againstReserving({
    prepare: async (bodies, { call }) => {
      subnet = await subnetOf(call, '10.2.0.0', '10.2.255.255');
      return shuffled(65_536)
        .slice(0, bodies.length)
        .map((n) => address(0x020000 + n));
    },
    request: (one) => ({
      method: 'POST',
      path: `/subnets/${subnet.id}/reservations`,
      body: `{"addresses":["${one}"]}`,
    }),
  });
