// Checks that every package that users install with ours has a licence that fits MIT.
import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';

const FITTING = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0', 'CC0-1.0', 'Unlicense', 'Python-2.0', 'WTFPL']);
const fits = licence => licence.replace(/[()]/g, '').split(/ OR /).some(choice => choice.split(/ AND /).every(part => FITTING.has(part)));

const {packages} = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package-lock.json'), 'utf8'));
const production = Object.entries(packages).filter(([path, {dev, link}]) => path.startsWith('node_modules/') && dev !== true && link !== true);
const odd = production.filter(([, {license}]) => typeof license !== 'string' || !fits(license));
for (const [path, {license}] of odd)
    console.error(`${path}: ${license ?? 'no licence'}`);
console.log(`${production.length} packages, ${odd.length} with a licence that doesn't fit MIT.`);
process.exitCode = odd.length === 0 ? 0 : 1;
