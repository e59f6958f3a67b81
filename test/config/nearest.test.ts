import { expect, test } from 'vitest'
import { nearest } from '../../src/config/nearest.ts'

const known = [
  'path_regex',
  'age',
  'pgp',
  'kms',
  'key_groups',
  'encrypted_regex',
  'unencrypted_regex',
  'mac_only_encrypted',
]

test.each([
  ['path_regx', 'path_regex'],
  ['path-regex', 'path_regex'],
  ['PATH_REGEX', 'path_regex'],
  ['pathregex', 'path_regex'],
  ['apth_regex', 'path_regex'],
  ['encypted_regex', 'encrypted_regex'],
  ['key_group', 'key_groups'],
  ['aeg', 'age'],
  ['ages', 'age'],
  ['gpg', undefined],
  ['keys', undefined],
  ['x', undefined],
  ['', undefined],
  ['something_else', undefined],
])('%j is probably %j', (name, meant) => {
  expect(nearest(name, known)).toBe(meant)
})
