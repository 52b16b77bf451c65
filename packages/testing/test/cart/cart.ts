import {ConflictError, Decision, defineEvent, NotFoundError, z} from 'woltage';

const item = z.object({cartId: z.string(), productId: z.string(), price: z.number()});
const ofCart = ({cartId}: {cartId: string}) => [`cart:${cartId}`];

export const CartCreated = defineEvent('CartCreated', {schema: z.object({cartId: z.string()}), tags: ofCart});
export const ItemAdded = defineEvent('ItemAdded', {schema: item, tags: payload => [...ofCart(payload), `product:${payload.productId}`]});
export const ItemRemoved = defineEvent('ItemRemoved', {schema: item.omit({price: true}), tags: payload => [...ofCart(payload), `product:${payload.productId}`]});
export const CartSubmitted = defineEvent('CartSubmitted', {schema: z.object({cartId: z.string(), total: z.number()}), tags: ofCart});
export const StockChanged = defineEvent('StockChanged', {schema: z.object({productId: z.string(), left: z.int()}), tags: ({productId}) => [`product:${productId}`]});

/** A cart holds three items at most, of products that are in stock, until it is submitted. */
export const addItem = Decision.create('addItem', {
    input: item,
    query: ({cartId, productId}) => [{tags: [`cart:${cartId}`]}, {types: [StockChanged], tags: [`product:${productId}`]}],
    init: {items: 0, isSubmitted: false, exists: false, left: 0},
    decide(state, payload, {by}) {
        if (state.isSubmitted)
            throw new ConflictError('This cart has been submitted.', {code: 'CART_SUBMITTED'});
        if (state.items >= 3)
            throw new ConflictError('A cart holds three items.', {code: 'CART_FULL'});
        if (state.left < 1)
            throw new ConflictError('Out of stock.', {code: 'OUT_OF_STOCK'});
        const created = state.exists ? [] : [new CartCreated({payload: {cartId: payload.cartId}})];
        return [...created, new ItemAdded({payload, meta: {by}})];
    }
})
    .on(CartCreated, state => ({...state, exists: true}))
    .on(ItemAdded, state => ({...state, items: state.items + 1}))
    .on(ItemRemoved, state => ({...state, items: state.items - 1}))
    .on(CartSubmitted, state => ({...state, isSubmitted: true}))
    .on(StockChanged, (state, {payload}) => ({...state, left: payload.left}));

export const submitCart = Decision.create('submitCart', {
    input: z.object({cartId: z.string()}),
    query: ({cartId}) => ({tags: [`cart:${cartId}`]}),
    init: () => ({total: 0, items: 0}),
    decide({total, items}, {cartId}) {
        if (items === 0)
            throw new NotFoundError('There is nothing in this cart.', {code: 'CART_EMPTY'});
        return new CartSubmitted({payload: {cartId, total}});
    }
}).on(ItemAdded, (state, {payload}) => ({total: state.total + payload.price, items: state.items + 1}));
