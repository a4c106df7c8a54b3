import { ApiProperty } from '@nestjs/swagger';
import { CapacityDocument } from '../capacity/capacity.dto.js';
import { DriftDocument } from '../gateways/drift.dto.js';

/** What `ipam.gateway.drift` tells: what somebody else changed in a gateway's kernel. */
export class GatewayDriftData extends DriftDocument {
  /** Id of the gateway. */
  @ApiProperty()
  gateway: string;

  /** Name of the gateway. */
  @ApiProperty()
  name: string;
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
