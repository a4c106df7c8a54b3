import { Module } from '@nestjs/common';
import { EventFeed } from './event-feed.js';
import { EventReader } from './event-reader.js';
import { EventSignal } from './event-signal.js';
import { EventStreamService } from './event-stream.service.js';
import { EventsController } from './events.controller.js';
import { ParkedEventsController } from './parked-events.controller.js';
import { UnitsOfWork } from './unit-of-work.js';

@Module({
  controllers: [EventsController, ParkedEventsController],
  providers: [EventSignal, EventReader, EventFeed, EventStreamService, UnitsOfWork],
  exports: [EventSignal, UnitsOfWork],
})
export class EventsModule {}
