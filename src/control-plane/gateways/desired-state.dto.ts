import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import {
  DRIFT_LIMITS,
  GATEWAY_MODES,
  OBSERVED_STATUSES,
  PROTOCOLS,
  type DesiredMap,
  type DesiredState,
  type GatewayMode,
  type MapLabels,
  type ObservedMap,
  type ObservedStatus,
  type Protocol,
  type RemovedMap,
  type StatusReport,
} from '../../contract/desired-state.js';
import type { RuleContent } from '../../contract/rule-id.js';
import { IsLine, MayBeAbsent } from '../resource/validators.js';
import { DriftInput } from './drift.dto.js';

/** What people call a map. */
export class MapLabelsDocument implements MapLabels {
  @ApiProperty()
  owner: string;
  @ApiProperty({ type: String, nullable: true })
  name: string | null;
  /** Name of the component that it belongs to. */
  @ApiProperty({ type: String, nullable: true })
  component: string | null;
}

/** What a port map says. */
export class RuleContentDocument implements RuleContent {
  @ApiProperty({ enum: PROTOCOLS })
  protocol: Protocol;
  @ApiProperty()
  connectionPort: number;
  @ApiProperty()
  address: string;
  @ApiProperty()
  targetPort: number;
  /** Ports in a row, from both ports on; absent for one. */
  @ApiProperty({ required: false })
  size?: number;
  /** Networks that may connect; absent for everybody. */
  @ApiProperty({ type: [String], required: false })
  sources?: string[];
}

/** What one port map's rule in the kernel must be. */
export class DesiredMapDocument extends RuleContentDocument implements DesiredMap {
  @ApiProperty()
  id: string;
  /** Identity of the rule by its content. */
  @ApiProperty({ example: 'berth1:0123456789abcdef' })
  ruleId: string;
  /** Only when asked for with `labels=true`. */
  @ApiProperty({ type: MapLabelsDocument, required: false })
  labels?: MapLabelsDocument;
}

/** A map that must be gone from the kernel. */
export class RemovedMapDocument implements RemovedMap {
  @ApiProperty()
  id: string;
  @ApiProperty()
  ruleId: string;
  /** What it said, when it was of several ports. */
  @ApiProperty({ type: RuleContentDocument, required: false })
  range?: RuleContentDocument;
}

/** The gateway that a desired state is for. */
export class DesiredGatewayDocument {
  @ApiProperty()
  id: string;
  @ApiProperty()
  name: string;
  @ApiProperty()
  externalAddress: string;
  @ApiProperty({ type: [String] })
  networks: string[];
}

/** Everything one gateway should have in its kernel. */
export class DesiredStateDocument implements DesiredState {
  @ApiProperty({ type: DesiredGatewayDocument })
  gateway: DesiredGatewayDocument;
  @ApiProperty()
  generation: number;
  @ApiProperty({ type: [DesiredMapDocument] })
  maps: DesiredMapDocument[];
  @ApiProperty({ type: [RemovedMapDocument] })
  removing: RemovedMapDocument[];
}

/** What the gateway saw in its kernel for one map. */
export class ObservedMapInput implements ObservedMap {
  @ApiProperty()
  @IsLine(64)
  id: string;

  @ApiProperty()
  @Matches(/^berth1:[0-9a-f]{16}$/)
  ruleId: string;

  @ApiProperty({ enum: OBSERVED_STATUSES })
  @IsIn(OBSERVED_STATUSES)
  status: ObservedStatus;

  @ApiProperty({ type: String, nullable: true })
  @IsOptional()
  @IsLine(1000)
  reason: string | null;
}

/** What a gateway observed. */
export class StatusReportInput implements StatusReport {
  @ApiProperty()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  generation: number;

  @ApiProperty({ enum: GATEWAY_MODES })
  @IsIn(GATEWAY_MODES)
  mode: GatewayMode;

  @ApiProperty({ type: [ObservedMapInput], maxItems: 5000 })
  @IsArray()
  @ArrayMaxSize(5000)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ObservedMapInput)
  maps: ObservedMapInput[];

  /** Ids of removed maps whose rules are verified to be gone. */
  @ApiProperty({ type: [String], maxItems: 5000 })
  @IsArray()
  @ArrayMaxSize(5000)
  @IsLine(64, { each: true })
  gone: string[];

  /** What it found changed by somebody else. A finding that is told again counts once. */
  @ApiProperty({ type: [DriftInput], required: false, maxItems: DRIFT_LIMITS.findings })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(DRIFT_LIMITS.findings)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => DriftInput)
  drift?: DriftInput[];
}
