import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonText, writeJson } from '../../platform/json/json-text.js';
import { madeReservation } from './reservation-text.js';
import { ReservationDocument } from './reservation.dto.js';
import { LeaseDocument } from '../leases/lease.dto.js';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\u2028', 'x'.repeat(300)),
);
const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') });
const metadata = fc.oneof(fc.constant('null'), fc.json()).map((json) => new JsonText(json));
const described = fc.record({ name: text, tags: fc.array(text, { maxLength: 3 }), metadata });
const stamps = fc.record({ createdAt: time, updatedAt: time, version: fc.nat() });
const expiresAt = fc.option(time);

const lease = fc
  .tuple(fc.uuid(), fc.uuid(), fc.uuid(), fc.ipV4(), described, stamps, expiresAt)
  .map(([id, subnetId, reservationId, address, { name, tags, metadata }, { createdAt, updatedAt, version }, end]) =>
    LeaseDocument.from(
      { id, name, tags, metadata, subnetId, reservationId, address, createdAt, updatedAt, version },
      end,
    ),
  );

const reservation = fc
  .tuple(fc.uuid(), described, stamps, text, fc.tuple(lease), expiresAt, fc.option(fc.nat()))
  .chain(([id, { name, tags, metadata: own }, { createdAt, updatedAt, version }, owner, leases, end, ttl]) =>
    fc.record({ poolMetadata: metadata, subnetMetadata: metadata }).map((parents) =>
      ReservationDocument.from(
        {
          ...{ id, name, tags, metadata: own, owner, poolId: id, subnetId: id },
          ...{ expiresAt: end, ttl, noticeAt: null, createdAt, updatedAt, version },
        },
        leases,
        parents,
      ),
    ),
  );

describe('madeReservation', () => {
  it('says what writeJson would, of any reservation whose leases differ in id and address only', () => {
    fc.assert(
      fc.property(reservation, fc.array(fc.tuple(fc.uuid(), fc.ipV4())), (document, others) => {
        const [first] = document.leases;
        const leases = [
          ...document.leases,
          ...others.map(([id, address]) => Object.assign({}, first, { id, address })),
        ];
        const made = Object.assign({}, document, { leases });
        expect(madeReservation(made).text).toBe(writeJson(made));
      }),
      { numRuns: 500 },
    );
  });
});
