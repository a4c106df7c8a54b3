// Loaded before the API by the benchmark `outbox-cost`: nothing is told, so nothing is written to the outbox.
import { Unit } from '../dist/src/control-plane/events/unit-of-work.js';

Unit.prototype.emit = () => undefined;
