import { Module } from '@nestjs/common';
import { AllocationModule } from '../allocation/allocation.module.js';
import { Claims } from '../allocation/claims.js';
import { EventsModule } from '../events/events.module.js';
import { Idempotency } from './idempotency.js';

/** What every noun's module needs: units of work, allocation, idempotency. */
@Module({
  imports: [EventsModule, AllocationModule],
  providers: [Idempotency, Claims],
  exports: [EventsModule, AllocationModule, Idempotency, Claims],
})
export class ResourceModule {}
