import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectName } from '../../../adapters/vcs/project-name.js';

let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'baton-name-')), 'My Shop');
  mkdirSync(root);
});
afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

test.each([
  ['package.json', '{ "name": "@acme/shop" }', 'acme/shop'],
  ['go.mod', 'module github.com/acme/shop/v2\n\ngo 1.22\n', 'shop'],
  ['pyproject.toml', '[tool.black]\nname = "no"\n\n[project]\nname = "shop-api" # ours\n', 'shop-api'],
  ['pyproject.toml', "[tool.poetry]\nname = 'shop_poetry'\n", 'shop_poetry'],
  ['Cargo.toml', '[[bin]]\nname = "no"\n[package]\nname = "shop-rs"\n', 'shop-rs'],
  [
    'pom.xml',
    '<?xml version="1.0"?><project><parent><artifactId>no</artifactId></parent><!-- <artifactId>no</artifactId> --><artifactId>shop-jvm</artifactId></project>',
    'shop-jvm',
  ],
  ['package.json', '{ broken', 'My-Shop'],
  ['package.json', '{ "name": "-- <b>x</b> --" }', 'b-x-/b---'],
  ['readme.txt', '', 'My-Shop'],
])('%s %s', async (file, text, name) => {
  writeFileSync(join(root, file), text);
  expect(await projectName(root)).toBe(name);
});
