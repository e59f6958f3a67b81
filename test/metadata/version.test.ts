import { describe, expect, test } from 'vitest'
import { checkVersion, isNewer } from '../../src/metadata/version.ts'

describe('checkVersion', () => {
  test.each(['3.13.3', 'v3.13.3', '0.0.0', '3.7.0-rc.1', '3.7.0+build.5', '1.', '1.x'])('%s is taken', (version) => {
    expect(() => checkVersion(version)).not.toThrow()
  })

  test.each([
    ['', 'Version string empty'],
    ['3.9', 'No Major.Minor.Patch elements found'],
    ['three', 'No Major.Minor.Patch elements found'],
    ['3.9.x', 'Invalid character(s) found in version number'],
    ['03.9.1', 'Invalid character(s) found in version number'],
    ['3.9.1-', 'Invalid character(s) found in version number'],
    ['3.9.1-01', 'Invalid character(s) found in version number'],
    ['3.9.1+', 'Invalid character(s) found in version number'],
    ['99999999999999999999999.0.0', 'Invalid character(s) found in version number'],
  ])('%j: %s', (version, message) => {
    expect(() => checkVersion(version)).toThrow(
      expect.objectContaining({ code: 'ERR_SOPS_METADATA_INVALID', message }) as Error,
    )
  })
})

describe('isNewer', () => {
  test.each([
    ['3.13.3', '3.13.2', true],
    ['3.13.3', '3.13.3', false],
    ['3.13.3', '3.14.0', false],
    ['3.13.3', '3.9.9', true],
    ['3.13.3', '1.0', true],
    ['3.13.3', '3.13.3-rc.1', true],
    ['3.13.3-rc.1', '3.13.3', false],
    ['3.13.3-rc.2', '3.13.3-rc.10', false],
    ['3.13.3-rc', '3.13.3-2', true],
    ['3.13.3-rc.1', '3.13.3-rc', true],
    ['3.13.3+b', '3.13.3+a', false],
  ])('%s over %s: %j', (version, inFile, expected) => {
    expect(isNewer(version, inFile)).toBe(expected)
  })
})
