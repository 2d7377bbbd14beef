/** Marks views of shared memory when they are made. */

import { VIEW } from './keys.js';
import { elementType, isShared, SIZES, type Regions, type ViewFacts } from './views.js';

/** Mark a typed array or DataView, if it looks at shared memory. Returns it. */
export function brand<T>(value: T, regions: Regions): T {
  if (!ArrayBuffer.isView(value)) return value;
  const buffer: unknown = value.buffer;
  if (!isShared(buffer)) return value;
  const region = regions.find(buffer);
  const type = elementType(value);
  const facts: ViewFacts = {
    type,
    size: type < 0 ? 1 : (SIZES[type] as number),
    address: region.base + value.byteOffset,
    region,
  };
  (value as { [VIEW]?: ViewFacts })[VIEW] = facts;
  return value;
}
