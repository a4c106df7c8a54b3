/** One line of the flow log, ready to be sent. */
export interface Message {
  id: string;
  /** RFC 3339 in UTC. */
  time: string;
  body: string;
}

/** Where the flow log goes. */
export interface Target {
  /** Resolves when all of it has arrived, as far as the protocol can tell; rejects when it is to be sent again. */
  send(messages: readonly Message[]): Promise<void>;
  close(): Promise<void>;
}
