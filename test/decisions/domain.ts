import createWoltage, {
    ConflictError, Decision, defineEvent, MemoryStore, NotFoundError, z, type AdapterConfig, type IEventStore, type Woltage, type WoltageConfig
} from 'woltage';

const cart = z.object({cartId: z.string().min(1)});
const item = cart.extend({productId: z.string().min(1)});
const cartTags = ({cartId, productId}: {cartId: string; productId?: string | undefined}): string[] =>
    productId === undefined ? [`cart:${cartId}`] : [`cart:${cartId}`, `product:${productId}`];

export const ItemAdded = defineEvent('ItemAdded', {schema: item, tags: cartTags});
export const ItemRemoved = defineEvent('ItemRemoved', {schema: item, tags: cartTags});
export const CartSubmitted = defineEvent('CartSubmitted', {schema: cart, tags: cartTags});

interface Cart {
    readonly items: string[];
    isSubmitted: boolean;
}

/** What all decisions upon carts know of one. */
const ofCart = {
    query: ({cartId}: {cartId: string}) => ({types: [ItemAdded, ItemRemoved, CartSubmitted], tags: [`cart:${cartId}`]}),
    projector: {
        $init: (): Cart => ({items: [], isSubmitted: false}),
        [ItemAdded.identity](state: Cart, {payload}: InstanceType<typeof ItemAdded>) {
            state.items.push(payload.productId);
        },
        [ItemRemoved.identity](state: Cart, {payload}: InstanceType<typeof ItemRemoved>) {
            state.items.splice(state.items.indexOf(payload.productId), 1);
        },
        [CartSubmitted.identity](state: Cart) {
            state.isSubmitted = true;
        }
    }
};

function refuseSubmitted({isSubmitted}: Cart): void {
    if (isSubmitted)
        throw new ConflictError('The cart is submitted.', {code: 'CART_SUBMITTED'});
}

export const addItem = Decision.create('addItem', {
    ...ofCart,
    input: item,
    decide(state, payload) {
        refuseSubmitted(state);
        if (state.items.length >= 3)
            throw new ConflictError('A cart holds three items at most.', {code: 'CART_FULL'});
        return new ItemAdded({payload});
    }
});

export const removeItem = Decision.create('removeItem', {
    ...ofCart,
    input: item,
    decide(state, payload) {
        refuseSubmitted(state);
        if (!state.items.includes(payload.productId))
            throw new NotFoundError('The cart holds no such item.', {code: 'NO_SUCH_ITEM'});
        return new ItemRemoved({payload});
    }
});

export const clearCart = Decision.create('clearCart', {
    ...ofCart,
    input: cart,
    decide(state, {cartId}) {
        refuseSubmitted(state);
        return state.items.map(productId => new ItemRemoved({payload: {cartId, productId}}));
    }
});

export const submitCart = Decision.create('submitCart', {
    ...ofCart,
    input: cart,
    decide(state, payload) {
        refuseSubmitted(state);
        if (state.items.length === 0)
            throw new ConflictError('An empty cart can\'t be submitted.', {code: 'CART_EMPTY'});
        return new CartSubmitted({payload});
    }
});

const course = z.object({courseId: z.string().min(1), seats: z.int().positive()});
const seat = z.object({courseId: z.string().min(1), studentId: z.string().min(1)});

export const CourseDefined = defineEvent('CourseDefined', {schema: course, tags: ({courseId}) => [`course:${courseId}`]});
export const SeatTaken = defineEvent('SeatTaken', {schema: seat, tags: ({courseId, studentId}) => [`course:${courseId}`, `student:${studentId}`]});

export const MOST_COURSES = 5;

export const defineCourse = Decision.create('defineCourse', {
    input: course,
    query: ({courseId}) => ({tags: [`course:${courseId}`]}),
    init: {exists: false},
    decide(state, payload) {
        return state.exists ? undefined : new CourseDefined({payload});
    }
}).on(CourseDefined, state => ({...state, exists: true}));

/** Two boundaries at once: the course with its seats, and the student with their courses. */
export const takeSeat = Decision.create('takeSeat', {
    input: seat,
    query: ({courseId, studentId}) => [{types: [CourseDefined, SeatTaken], tags: [`course:${courseId}`]}, {types: ['seat.taken'], tags: [`student:${studentId}`]}],
    init: ({courseId, studentId}) => ({courseId, studentId, seats: 0, courses: new Set<string>()}),
    decide(state, payload) {
        if (state.seats <= 0)
            throw new ConflictError('There is no seat left.', {code: 'COURSE_FULL'});
        if (state.courses.has(payload.courseId))
            throw new ConflictError('The student has a seat already.', {code: 'SEAT_TAKEN'});
        if (state.courses.size >= MOST_COURSES)
            throw new ConflictError('The student has enough courses.', {code: 'TOO_MANY_COURSES'});
        return new SeatTaken({payload});
    }
}).on(CourseDefined, (state, {payload}) => ({...state, seats: state.seats + payload.seats})).on(SeatTaken, (state, {payload}) => {
    if (payload.courseId === state.courseId)
        state.seats--;
    if (payload.studentId === state.studentId)
        state.courses.add(payload.courseId);
});

export const decisions = [addItem, removeItem, clearCart, submitCart, defineCourse, takeSeat];

/** An application that consists of decisions alone. */
export const createApp = (eventStore: AdapterConfig<IEventStore>, more: Partial<WoltageConfig> = {}): Promise<Woltage> => createWoltage({
    eventStore, eventClasses: [ItemAdded, ItemRemoved, CartSubmitted, CourseDefined, SeatTaken], aggregates: [], decisions, projectorClasses: [],
    internalStore: {adapter: MemoryStore}, ...more
});
