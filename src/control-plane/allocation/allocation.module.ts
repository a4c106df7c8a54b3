import { Module } from '@nestjs/common';
import { Allocation } from './allocation.js';

@Module({ providers: [Allocation], exports: [Allocation] })
export class AllocationModule {}
