import { Module } from '@nestjs/common';
import { Allocation } from './allocation.js';
import { SpaceExtent } from './extent.js';

@Module({ providers: [Allocation, SpaceExtent], exports: [Allocation, SpaceExtent] })
export class AllocationModule {}
