/** What a customer sees of a cart, whether it is folded from events or read from tables. */
export interface CartItemsView {
    readonly cartId: string;
    readonly totalPrice: number;
    readonly items: readonly CartItem[];
}

export interface CartItem {
    readonly itemId: string;
    readonly productId: string;
    readonly description: string;
    readonly image: string;
    readonly price: number;
    /** Not known to the projection before its version 2. */
    readonly fingerprint?: string;
}
