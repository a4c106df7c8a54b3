import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { plainToInstance, Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
  validateSync,
  ValidateNested,
} from 'class-validator';
import { JsonText } from '../json/json-text.js';
import { checkedInput } from './input.js';
import { asSent, quickInput } from './quick-input.js';

class Plain {
  @IsOptional()
  @IsString()
  name?: string | null;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(2)
  @IsString({ each: true })
  tags?: string[];

  @IsInt()
  @Min(1)
  @Max(9)
  count: number;

  @IsOptional()
  @Transform(asSent)
  metadata?: JsonText;
}

class Numbers {
  @Type(() => Number)
  @IsInt()
  limit: number;
}

class Nested {
  @ValidateNested()
  @Type(() => Plain)
  plain: Plain;
}

const odd = fc.constantFrom<unknown>(null, undefined, 0, 10, 1.5, '', true, {}, { a: 1 }, new JsonText('{"a":1}'), [
  {},
]);
const mostly = (...good: unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: fc.constantFrom(...good), weight: 8 }, { arbitrary: odd, weight: 1 });
const stranger = fc.oneof(
  { arbitrary: fc.constant({}), weight: 8 },
  { arbitrary: fc.record({ other: odd }), weight: 1 },
  { arbitrary: fc.record({ constructor: odd }), weight: 1 },
);
const members = {
  name: mostly('x', '', null),
  tags: mostly([], ['x'], ['x', 'y'], ['x', 'y', 'z'], ['x', 1], null),
  count: mostly(1, 9),
  metadata: mostly(new JsonText('null'), new JsonText('{"a":1}')),
};
const value = fc
  .tuple(fc.record(members, { requiredKeys: ['count'] }), stranger)
  .map(([known, other]) => Object.assign({}, known, other));

describe('quickInput', () => {
  it('accepts only what class-validator accepts, and gives what class-transformer gives', () => {
    let accepted = 0;
    fc.assert(
      fc.property(value, (input) => {
        const quick = quickInput(input, Plain);
        if (quick === undefined) return;
        accepted++;
        const slow = plainToInstance(Plain, input);
        expect(validateSync(slow, { whitelist: true, forbidNonWhitelisted: true })).toEqual([]);
        expect(quick).toEqual(slow);
        expect(quick).toBeInstanceOf(Plain);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('gives what it cannot decide to those that can', () => {
    expect(quickInput({ limit: 3 }, Numbers)).toBeUndefined();
    expect(quickInput({ plain: { count: 1 } }, Nested)).toBeUndefined();
    expect(checkedInput({ limit: '3' }, Numbers, false)).toEqual({ limit: 3 });
    expect(checkedInput({ plain: { count: 1 } }, Nested, false)).toEqual({ plain: { count: 1 } });
  });

  it('knows the rules of what is left out', () => {
    expect(quickInput({}, Plain)).toBeUndefined();
    expect(quickInput({ count: 1 }, Plain)).toEqual({ count: 1 });
  });
});
