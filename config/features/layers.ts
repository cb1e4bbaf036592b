import { createLayerActivities } from '../../activities/layers/index.js';
import type { OpenFeature } from './feature.js';

export const layers: OpenFeature = () => ({ activities: createLayerActivities() });
