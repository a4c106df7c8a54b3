import { Injectable } from '@nestjs/common';
import { EventEmitter } from 'node:events';

/** Inside one process: who wrote events wakes the relay, and the relay wakes those who wait for them. */
@Injectable()
export class EventSignal {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /** Events were committed by this process. */
  written(): void {
    this.emitter.emit('written');
  }

  onWritten(listener: () => void): () => void {
    this.emitter.on('written', listener);
    return () => this.emitter.off('written', listener);
  }

  /** Events got their positions, here or in another process. */
  sequenced(): void {
    this.emitter.emit('sequenced');
  }

  onSequenced(listener: () => void): () => void {
    this.emitter.on('sequenced', listener);
    return () => this.emitter.off('sequenced', listener);
  }

  /** Resolves at the next sequenced events, after the time, or when the signal aborts; says nothing about which. */
  next(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        off();
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const off = this.onSequenced(done);
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener('abort', done);
      if (signal?.aborted === true) done();
    });
  }
}
