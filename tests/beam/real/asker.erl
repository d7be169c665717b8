%% Evaluates each line of its standard input in a node, and prints `> ` and the value.
-module(asker).
-export([main/0]).

main() ->
    [Node] = init:get_plain_arguments(),
    loop(list_to_atom(Node)).

loop(Node) ->
    case io:get_line("") of
        Line when is_list(Line) ->
            {ok, Tokens, _} = erl_scan:string(Line),
            {ok, Exprs} = erl_parse:parse_exprs(Tokens),
            io:format("> ~0tp~n", [value(rpc:call(Node, erl_eval, exprs, [Exprs, []]))]),
            loop(Node);
        _ ->
            halt()
    end.

value({value, Value, _}) -> Value;
value(Other) -> Other.
