import type { Command } from 'commander';
import { whole } from './parsers.js';

/** How long to wait until port maps work; `wait` is seconds, or false. */
export const waiting = (command: Command): Command =>
  command
    .option('--wait <seconds>', 'how long to wait until the port maps work', whole(0, 3600), 15)
    .option('--no-wait', 'return as soon as they are claimed');
