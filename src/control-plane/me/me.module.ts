import { Module } from '@nestjs/common';
import { QuotasModule } from '../quotas/quotas.module.js';
import { MeController } from './me.controller.js';

@Module({ imports: [QuotasModule], controllers: [MeController] })
export class MeModule {}
