import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../../platform/config/config.js';
import type { Log } from '../../platform/logging/log.js';
import { ResourceModule } from '../resource/resource.module.js';
import { ExportController } from './export.controller.js';
import { ExportService } from './export.service.js';
import { ImportController } from './import.controller.js';
import { ImportService } from './import.service.js';
import { ImportTerms } from './import-terms.js';

@Module({})
export class TransferModule {
  static with({ http }: Config, log: Log): DynamicModule {
    return {
      module: TransferModule,
      imports: [ResourceModule],
      controllers: [ExportController, ImportController],
      providers: [
        ExportService,
        ImportService,
        { provide: ImportTerms, useFactory: () => new ImportTerms(http.importLimit, log) },
      ],
    };
  }
}
