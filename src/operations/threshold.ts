import type { KeyGroup } from '../keys/types.ts'

/** With several groups and no threshold, sops asks for all of them and writes that number. */
export function writtenThreshold(threshold: number, groups: readonly KeyGroup[]): number {
  return threshold === 0 && groups.length > 1 ? groups.length : threshold
}

/** How many groups must take part to open a file. */
export function neededGroups(threshold: number, groups: readonly KeyGroup[]): number {
  return groups.length > 1 ? writtenThreshold(threshold, groups) : 1
}
