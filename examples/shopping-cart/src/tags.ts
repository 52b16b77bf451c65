/** What events are tagged with, and decisions draw their boundaries by. The first tag of an event says which stream it goes to. */
export const ofCart = (cartId: string): string => `cart:${cartId}`;
export const ofProduct = (productId: string): string => `product:${productId}`;
