/** The part of dynalite that is used here; the package has no types of its own. */
declare module 'dynalite' {
  import type { Server } from 'node:http';
  import type { AddressInfo } from 'node:net';

  interface DynaliteOptions {
    /** The LevelDB folder; in memory without it. */
    path?: string;
    /** How long a table stays in `CREATING`. */
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }
  type DynaliteServer = Omit<Server, 'address'> & { address(): AddressInfo };
  export default function dynalite(options?: DynaliteOptions): DynaliteServer;
}
