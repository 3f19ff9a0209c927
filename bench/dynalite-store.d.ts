/** How dynalite keeps tables: the part of it that `fill-tables.ts` uses. */
declare module 'dynalite/db/index.js' {
  /** An item, a key or a table in the shapes of DynamoDB's API. */
  type Shape = Record<string, unknown>;
  interface Write {
    type: 'put';
    key: string;
    /** JSON already, with the encoding `utf8`. */
    value: string;
    valueEncoding: 'utf8';
  }
  interface Store {
    db: { open(): Promise<void>; batch(writes: Write[]): Promise<void>; close(): Promise<void> };
    getTable(name: string, done: (error: Error | null, table: Shape) => void): void;
  }
  const store: {
    create(options: { path: string }): Store;
    createKey(item: Shape, table: Shape): string;
    createIndexKey(item: Shape, table: Shape, keySchema: unknown): string;
  };
  export default store;
}
