export {ReadModel, type StoreOwner} from './read-model.ts';
export {ReadModelRegistry, type ReadModelClass} from './read-model-registry.ts';
