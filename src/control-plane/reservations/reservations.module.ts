import { Module } from '@nestjs/common';
import { LeasesModule } from '../leases/leases.module.js';
import { ResourceModule } from '../resource/resource.module.js';
import { BulkReservations } from './bulk-reservations.js';
import { Releases } from './releases.js';
import { Renewals } from './renewals.js';
import { ReservationsController } from './reservations.controller.js';
import { ReservationsService } from './reservations.service.js';

@Module({
  imports: [ResourceModule, LeasesModule],
  controllers: [ReservationsController],
  providers: [ReservationsService, Releases, Renewals, BulkReservations],
})
export class ReservationsModule {}
