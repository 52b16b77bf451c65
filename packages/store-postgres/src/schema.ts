import {quote, type SchemaPlan} from '@woltage/postgres';

/** The tables that a store has beside those of the scopes. Released migrations never change; new ones are added at the end. */
export function schemaPlan(schema: string): SchemaPlan {
    return {component: 'store', schema, migrations: [`
CREATE TABLE ${quote(schema)}.woltage_records (
    namespace text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text NOT NULL,
    token text COLLATE "C" NOT NULL,
    PRIMARY KEY (namespace, key)
);
CREATE TABLE ${quote(schema)}.woltage_tables (
    physical_name text COLLATE "C" PRIMARY KEY,
    namespace text COLLATE "C" NOT NULL,
    name text NOT NULL
)`]};
}
