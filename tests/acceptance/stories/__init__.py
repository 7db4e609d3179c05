"""One story a plan: what people do, told once, played on the engine alone or on the product."""
