(flow "flow" @context name: (name) @name) @item
