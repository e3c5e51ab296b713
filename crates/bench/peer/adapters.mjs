// Where node-oidc-provider keeps what it remembers: in memory, or in SQLite with every write durable before it is answered.
import Database from "better-sqlite3";

const now = () => Math.floor(Date.now() / 1000);

export function memory() {
  const rows = new Map();
  const grants = new Map();
  return class {
    constructor(model) {
      this.model = model;
    }
    key(id) {
      return `${this.model}:${id}`;
    }
    async upsert(id, payload, expiresIn) {
      rows.set(this.key(id), { payload: { ...payload }, expiresAt: now() + expiresIn });
      if (payload.grantId) grants.set(payload.grantId, [...(grants.get(payload.grantId) ?? []), this.key(id)]);
    }
    async find(id) {
      return rows.get(this.key(id))?.payload;
    }
    async findByUid() {}
    async findByUserCode() {}
    async consume(id) {
      rows.get(this.key(id)).payload.consumed = now();
    }
    async destroy(id) {
      rows.delete(this.key(id));
    }
    async revokeByGrantId(grantId) {
      for (const key of grants.get(grantId) ?? []) rows.delete(key);
      grants.delete(grantId);
    }
  };
}

export function sqlite(file) {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.exec(`CREATE TABLE rows (model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, grant_id TEXT,
    consumed INTEGER, expires_at INTEGER, PRIMARY KEY (model, id)) WITHOUT ROWID;
    CREATE INDEX rows_grant ON rows (grant_id) WHERE grant_id IS NOT NULL`);
  const upsert = database.prepare(`INSERT INTO rows (model, id, payload, grant_id, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`);
  const find = database.prepare("SELECT payload, consumed FROM rows WHERE model = ? AND id = ?");
  const consume = database.prepare("UPDATE rows SET consumed = ? WHERE model = ? AND id = ?");
  const destroy = database.prepare("DELETE FROM rows WHERE model = ? AND id = ?");
  const revoke = database.prepare("DELETE FROM rows WHERE grant_id = ?");
  const Adapter = class {
    constructor(model) {
      this.model = model;
    }
    async upsert(id, payload, expiresIn) {
      upsert.run(this.model, id, JSON.stringify(payload), payload.grantId ?? null, now() + expiresIn);
    }
    async find(id) {
      const row = find.get(this.model, id);
      return row && { ...JSON.parse(row.payload), ...(row.consumed && { consumed: row.consumed }) };
    }
    async findByUid() {}
    async findByUserCode() {}
    async consume(id) {
      consume.run(now(), this.model, id);
    }
    async destroy(id) {
      destroy.run(this.model, id);
    }
    async revokeByGrantId(grantId) {
      revoke.run(grantId);
    }
  };
  Adapter.durable = (on) => database.pragma(`synchronous = ${on ? "FULL" : "OFF"}`);
  return Adapter;
}
