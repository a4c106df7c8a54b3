import { formatAddress, parseAddress, storedAddress } from '../../ip/address.js';
import type { Interval } from '../../ip/intervals.js';
import { contains, type AddressRange } from '../../ip/range.js';
import { invalidField, Problem } from '../../platform/problem/problem.js';
import { changedExclusions, NOTHING, UNUSABLE, usable, type Exclusions } from './exclusions.js';
import type { NewSubnet, SubnetChange } from './subnet.dto.js';
import type { SubnetEntity } from './subnet.entity.js';
import { filled, firstOf, lastOf, rangeField, storedRange, writtenRange } from './subnet-range.js';

/** Which addresses a subnet has, and which of them it gives out. */
export interface SubnetShape {
  range: AddressRange;
  exclusions: Exclusions;
  /** In the range, and never given out. */
  gateway: bigint | undefined;
}

type Columns = Pick<SubnetEntity, 'first' | 'last' | 'exclusions' | 'gatewayAddress'>;

/** The shape of a row. */
export const storedShape = (row: Columns): SubnetShape => ({
  range: storedRange(row),
  exclusions: row.exclusions,
  gateway: row.gatewayAddress === null ? undefined : storedAddress(row.gatewayAddress).value,
});

/** The columns that hold it. */
export const shapeColumns = ({ range, exclusions, gateway }: SubnetShape): Columns => ({
  first: firstOf(range),
  last: lastOf(range),
  exclusions,
  gatewayAddress: gateway === undefined ? null : formatAddress({ family: range.family, value: gateway }),
});

/** The addresses that it gives out, as a list of ranges: its space. */
export const positionsOf = ({ range, exclusions, gateway }: SubnetShape): Interval[] =>
  usable(range, exclusions, gateway);

/** Of a new subnet. One that is made of a network leaves out what no machine in it can have, unless told otherwise. */
export function newShape(body: NewSubnet, range: AddressRange): SubnetShape {
  const ofNetwork = filled(body.cidr) !== undefined || body.prefixLength !== undefined;
  if (body.family !== undefined && body.family !== range.family) {
    throw invalidField('family', `must be ${range.family}, as the addresses are`);
  }
  const before = ofNetwork && body.exclusions !== null ? UNUSABLE : NOTHING;
  return checked({
    range,
    exclusions: changedExclusions(before, body.exclusions ?? {}, range),
    gateway: gatewayIn(range, filled(body.gatewayAddress)),
  });
}

/** Whether a change says anything about the shape; "" says nothing (contracts/rackhd.md section 5). */
export const changesShape = (body: SubnetChange): boolean =>
  filled(body.start) !== undefined ||
  filled(body.end) !== undefined ||
  filled(body.cidr) !== undefined ||
  body.exclusions !== undefined ||
  (body.gatewayAddress !== undefined && body.gatewayAddress !== '');

/** The shape after a change: what is left out, or "", stays. */
export function changedShape(row: Columns, body: SubnetChange): SubnetShape {
  const before = storedShape(row);
  const range = changedRange(row, body);
  if (range.family !== before.range.family) {
    throw invalidField(rangeField(body), `must stay IPv${before.range.family}, as the subnet is`);
  }
  return checked({
    range,
    exclusions: changedExclusions(body.exclusions === null ? NOTHING : before.exclusions, body.exclusions ?? {}, range),
    gateway:
      body.gatewayAddress === undefined || body.gatewayAddress === ''
        ? keptGateway(range, before.gateway)
        : gatewayIn(range, filled(body.gatewayAddress)),
  });
}

function changedRange(row: Columns, body: SubnetChange): AddressRange {
  const [start, end, cidr] = [filled(body.start), filled(body.end), filled(body.cidr)];
  return cidr === undefined
    ? writtenRange({ start: start ?? row.first, end: end ?? row.last })
    : writtenRange({ start, end, cidr });
}

function gatewayIn(range: AddressRange, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (address === undefined || !contains(range, address)) {
    throw invalidField('gatewayAddress', `must lie in the subnet, ${firstOf(range)} to ${lastOf(range)}`);
  }
  return address.value;
}

function keptGateway(range: AddressRange, gateway: bigint | undefined): bigint | undefined {
  if (gateway === undefined || contains(range, { family: range.family, value: gateway })) return gateway;
  const address = formatAddress({ family: range.family, value: gateway });
  throw new Problem(
    'range-in-use',
    `The gateway address ${address} would fall out of the subnet: change gatewayAddress with the range, or set it to null.`,
  );
}

function checked(shape: SubnetShape): SubnetShape {
  if (positionsOf(shape).length === 0) throw invalidField('exclusions', 'must leave at least one address to give out');
  return shape;
}
