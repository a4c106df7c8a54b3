import { Module } from '@nestjs/common';
import { EventSchemas } from './event-schemas.js';
import { SchemasController } from './schemas.controller.js';

@Module({ controllers: [SchemasController], providers: [EventSchemas] })
export class AsyncapiModule {}
