/** Where a wallet keeps its key, its card and what it knows of the time. */
export interface WalletStore {
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
  close(): void;
}

/** Opens it anew each time, so that what is read is what was really kept. */
export type OpenStore = () => Promise<WalletStore>;

const TABLE = "wallet";

/** In a browser; keep one for each authority, named by its root key, so that none finds what another has left. */
export function indexedDbStore(name: string): OpenStore {
  return async () => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    const database = await answerOf(request);
    const table = (mode: IDBTransactionMode): IDBTransaction =>
      database.transaction(TABLE, mode, { durability: "strict" });
    return {
      get: (key) => answerOf<unknown>(table("readonly").objectStore(TABLE).get(key)),
      put: (key, value) =>
        new Promise((resolve, reject) => {
          const transaction = table("readwrite");
          transaction.objectStore(TABLE).put(value, key);
          transaction.oncomplete = () => {
            resolve();
          };
          transaction.onabort = () => {
            reject(transaction.error ?? new Error("the store refused it"));
          };
        }),
      close: () => {
        database.close();
      },
    };
  };
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("the store does not answer"));
    };
  });
}

/** For as long as the process lives: Node has no store for keys that cannot be taken out. */
export function memoryStore(): OpenStore {
  const table = new Map<string, unknown>();
  const store: WalletStore = {
    get: (name) => Promise.resolve(table.get(name)),
    put: (name, value) => {
      table.set(name, value);
      return Promise.resolve();
    },
    close: () => undefined,
  };
  return () => Promise.resolve(store);
}
