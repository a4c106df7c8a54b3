import { ApiProperty } from '@nestjs/swagger';
import { CapacityDocument } from '../capacity/capacity.dto.js';
import { REACHABILITY_STATES, type ReachabilityState } from '../../contract/reachability.js';
import { DriftDocument } from '../gateways/drift.dto.js';
import { ReachabilityDocument } from '../reachability/reachability.dto.js';

/** What `ipam.gateway.drift` tells: what somebody else changed in a gateway's kernel. */
export class GatewayDriftData extends DriftDocument {
  /** Id of the gateway. */
  @ApiProperty()
  gateway: string;

  /** Name of the gateway. */
  @ApiProperty()
  name: string;
}

/** What `ipam.gateway.reachability` tells: that the machine at an address began or ceased to answer. */
export class GatewayReachabilityData extends ReachabilityDocument {
  /** Name of the gateway. */
  @ApiProperty()
  name: string;

  /** What was known before. */
  @ApiProperty({ enum: REACHABILITY_STATES })
  was: ReachabilityState;

  /** Ids of the leases that the gateway's port maps lead to at this address. */
  @ApiProperty({ type: [String] })
  leases: string[];
}

/** What `ipam.pool.threshold` and `ipam.pool.threshold-cleared` tell: which one, and how full the pool was. */
export class PoolThresholdData extends CapacityDocument {
  /** In percent. */
  @ApiProperty({ type: 'integer', example: 80 })
  threshold: number;

  /** Id of the pool. */
  @ApiProperty()
  id: string;

  /** Name of the pool. */
  @ApiProperty()
  name: string;
}

/** What `ipam.webhook.disabled` tells: Berth itself did it, and why. */
export class WebhookDisabledData {
  /** Id of the webhook. */
  @ApiProperty()
  id: string;

  @ApiProperty({ example: 'the receiver answered 410: it is gone' })
  reason: string;
}
