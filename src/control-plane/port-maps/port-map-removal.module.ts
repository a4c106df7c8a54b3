import { Module } from '@nestjs/common';
import { AllocationModule } from '../allocation/allocation.module.js';
import { PortMapRemoval } from './port-map-removal.js';

/** Apart from PortMapsModule because leases need it and port maps need leases: the module graph has no circles. */
@Module({ imports: [AllocationModule], providers: [PortMapRemoval], exports: [PortMapRemoval] })
export class PortMapRemovalModule {}
