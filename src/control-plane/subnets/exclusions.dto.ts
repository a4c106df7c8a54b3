import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsInt, Max, Min, ValidateBy } from 'class-validator';
import { parseRange } from '../../ip/range-text.js';
import { MayBeAbsent } from '../resource/validators.js';
import type { Exclusions } from './exclusions.js';

const MAX_RANGES = 256;
/** Enough for half of all IPv4; more of IPv6 is said with ranges. */
const MAX_EDGE = 2 ** 31;

function IsRange(): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isRange',
      validator: {
        validate: (value: unknown) =>
          typeof value === 'string' && value.length <= 100 && parseRange(value) !== undefined,
        defaultMessage: () => 'must be like 10.0.0.9, 10.0.0.9-10.0.0.20 or 10.0.0.16/28',
      },
    },
    { each: true },
  );
}

/** Which addresses of a subnet nobody gets, besides its gateway address. */
export class ExclusionsDocument implements Exclusions {
  /** So many at the beginning. */
  @ApiProperty({ type: 'integer', example: 10 })
  first: number;

  /** So many at the end. */
  @ApiProperty({ type: 'integer', example: 5 })
  last: number;

  /** These: an address, first and last with a hyphen, or a network each. */
  @ApiProperty({ type: [String], example: ['10.0.0.50-10.0.0.60', '10.0.0.99'] })
  ranges: string[];

  /** The network's own address, of an IPv4 subnet that is exactly a network up to /30. */
  @ApiProperty()
  network: boolean;

  /** The broadcast address, of an IPv4 subnet that is exactly a network up to /30. */
  @ApiProperty()
  broadcast: boolean;

  /** The routers' anycast address, of an IPv6 subnet that is exactly a network up to /126. */
  @ApiProperty()
  anycast: boolean;
}

/** Rules to set; what is left out stays, or has its default in a new subnet. */
export class ExclusionsChange implements Partial<Exclusions> {
  /** So many at the beginning. */
  @ApiProperty({ required: false, type: 'integer', minimum: 0, maximum: MAX_EDGE, example: 10 })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(MAX_EDGE)
  first?: number;

  /** So many at the end. */
  @ApiProperty({ required: false, type: 'integer', minimum: 0, maximum: MAX_EDGE, example: 5 })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(MAX_EDGE)
  last?: number;

  /** All of these: an address, first and last with a hyphen, or a network each. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_RANGES, example: ['10.0.0.50-10.0.0.60', '10.0.0.99'] })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_RANGES)
  @IsRange()
  ranges?: string[];

  /** The network's own address. Default: yes for a subnet made of a network, no for one made of first and last. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsBoolean()
  network?: boolean;

  /** The broadcast address; default as above. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsBoolean()
  broadcast?: boolean;

  /** The routers' anycast address of IPv6; default as above. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsBoolean()
  anycast?: boolean;
}
