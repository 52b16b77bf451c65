export {emit, type Emission} from './emit.ts';
export {sideEffect} from './side-effect.ts';
