import {CartCleared} from './events/CartCleared.ts';
import {CartCreated} from './events/CartCreated.ts';
import {CartItemAdded} from './events/CartItemAdded.ts';
import {CartItemAddedV1} from './events/CartItemAdded.v1.ts';
import {CartItemRemoved} from './events/CartItemRemoved.ts';
import {CartPublicationFailed} from './events/CartPublicationFailed.ts';
import {CartPublished} from './events/CartPublished.ts';
import {CartSubmitted} from './events/CartSubmitted.ts';
import {InventoryChanged} from './events/InventoryChanged.ts';
import {ItemArchived} from './events/ItemArchived.ts';
import {PriceChanged} from './events/PriceChanged.ts';
import {product} from './product.ts';
import {addItem} from './slices/add-item/add-item.ts';
import {archiveItem} from './slices/archive-item/archive-item.ts';
import {archiveItems} from './slices/archive-item/archive-items-action.ts';
import {cart} from './slices/cart-items/cart.ts';
import {CartItems} from './slices/cart-items/cart-items.ts';
import {CartItemsProjector} from './slices/cart-items/cart-items-projector.ts';
import {CartItemsProjectorV1} from './slices/cart-items/cart-items-projector.v1.ts';
import {CartsWithProducts} from './slices/carts-with-products/carts-with-products.ts';
import {CartsWithProductsProjector} from './slices/carts-with-products/carts-with-products-projector.ts';
import {translateInventory} from './slices/change-inventory/change-inventory.ts';
import {translatePriceChange} from './slices/change-price/change-price.ts';
import {clearCart} from './slices/clear-cart/clear-cart.ts';
import {Inventories} from './slices/inventories/inventories.ts';
import {InventoriesProjector} from './slices/inventories/inventories-projector.ts';
import {publishCart} from './slices/publish-cart/publish-cart.ts';
import {publishSubmittedCart} from './slices/publish-cart/publish-cart-action.ts';
import {removeItem} from './slices/remove-item/remove-item.ts';
import {submitCart} from './slices/submit-cart/submit-cart.ts';
import {SubmittedCarts} from './slices/submitted-carts/submitted-carts.ts';
import {SubmittedCartsProjector} from './slices/submitted-carts/submitted-carts-projector.ts';

/** The whole event model. Directories would do as well (`decisions: import.meta.dirname + '/slices'`); lists can be handed to tests. */
export const model = {
    eventClasses: [
        CartCreated, CartItemAddedV1, CartItemAdded, CartItemRemoved, CartCleared, ItemArchived, CartSubmitted, CartPublished, CartPublicationFailed, InventoryChanged, PriceChanged
    ],
    aggregates: [cart, product],
    decisions: [addItem, removeItem, clearCart, archiveItem, submitCart, publishCart],
    projectorClasses: [CartItemsProjectorV1, CartItemsProjector, CartsWithProductsProjector, InventoriesProjector, SubmittedCartsProjector],
    readModelClasses: [CartItems, CartsWithProducts, Inventories, SubmittedCarts],
    actions: [translateInventory, translatePriceChange, archiveItems, publishSubmittedCart]
};
