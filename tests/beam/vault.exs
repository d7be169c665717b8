# What tests/beam/scope.py traces: a server with a large state, one with secrets, calls that are slow, fail or are loaded
# anew.

defmodule Vault do
  use GenServer

  def start(entries), do: GenServer.start(__MODULE__, entries)

  @impl true
  def init(entries), do: {:ok, Map.new(1..entries, &{&1, {"customer-#{&1}", &1, [:a, :b, :c]}})}

  @impl true
  def handle_cast({:put, key, value}, state), do: {:noreply, put(state, key, value)}

  def put(state, key, value), do: check(Map.put(state, key, value), key)
  def check(state, _), do: state

  # The largest that the node's memory gets, above what it is now, while something runs.
  def growth(run) do
    before = :erlang.memory(:total)
    me = self()
    watcher = spawn_link(fn -> watch(me, 0) end)
    run.()
    send(watcher, :done)

    receive do
      {:largest, largest} -> max(0, largest - before)
    end
  end

  defp watch(owner, largest) do
    receive do
      :done -> send(owner, {:largest, largest})
    after
      5 -> watch(owner, max(largest, :erlang.memory(:total)))
    end
  end

  # Casts in bursts, each waited for.
  def bursts(server, bursts, casts) do
    for burst <- 1..bursts do
      for cast <- 1..casts, do: GenServer.cast(server, {:put, rem(cast, 100), {"x", burst, []}})
      :sys.get_state(server)
    end

    :ok
  end
end

# What is looked up by its name alone, as a configuration is: this module is not traced.
defmodule Kept do
  def values do
    %{
      1 => {:secret_key_base, "ndl-asked-atom"},
      2 => {"api_key", {:ok, "ndl-asked-text"}},
      3 => {'db_password', 'ndl-asked-charlist'},
      4 => {:credentials, %{part: "ndl-asked-map"}},
      5 => {"x-auth-tokens", ["ndl-asked-list", "ndl-asked-last"]},
      6 => {:refresh_token, "ndl-asked-deep"},
      7 => {:session_cookie, "ndl-asked-reply"},
      8 => {:passphrase, {:found, [{:a, "ndl-asked-pair"}]}},
      9 => {:jwt_token, "ndl-asked-swing"}
    }
  end

  def place(key),
    do: Enum.find_value(values(), fn {place, {named, _}} -> named == key && place end)

  def at(place), do: elem(values()[place], 1)
end

# Stands for Plug's module of this name, which reads cookies byte by byte.
defmodule Plug.Conn.Cookies do
  def decode("_shop_key=" <> rest), do: decode_value(rest, <<>>)

  def decode_value(<<byte, rest::binary>>, read),
    do: decode_value(rest, <<read::binary, byte>>)

  def decode_value(<<>>, read), do: read
end

# Stands for Plug's module of this name: the key it signs with is bytes under no name.
defmodule Plug.Session.COOKIE do
  def derive(base, salt), do: :crypto.hash(:sha256, [base, salt])
end

defmodule Secretive do
  use GenServer

  def start(state), do: GenServer.start(__MODULE__, state)

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call({:keep, key, value}, _, state), do: {:reply, :ok, Map.put(state, key, value)}
  def handle_call({:say, value}, _, state), do: {:reply, say(value), state}
  def handle_call(:session_cookie, _, state), do: {:reply, read(7), state}

  def check_password(_, password), do: byte_size(password) > 3
  def say(value), do: value
  def only(response, _), do: byte_size(response)

  # As an endpoint tells its configuration: one call within the other, and at last one that is not given the name.
  def config(key), do: config(key, nil)
  def config(key, default), do: read(Kept.place(key)) || default
  def read(place), do: Kept.at(place)

  def search(_, 0), do: Kept.at(6)
  def search(key, n), do: search(key, n - 1)

  # With the name and without in turn: more than is kept of one function.
  def swing(_, 0), do: Kept.at(9)
  def swing(:jwt_token, n), do: swing(:other, n - 1)
  def swing(_, n), do: swing(:jwt_token, n - 1)

  def missing(key), do: raise(KeyError, key: key)
  def doomed(_), do: exit(:shutdown)

  # One secret for each shape it comes in; each has a word that no answer may hold, and a name for it.
  def planted do
    %{
      "an argument of check_password" => {:password, "ndl-argument"},
      "a key of a map" => {:say, %{user: "bob", password: "ndl-mapkey"}},
      "a key of a map in a state" => {:keep, :db, %{"user" => %{"password" => "ndl-statekey"}}},
      "a key of a list" => {:keep, :web, [port: 80, secret_key_base: "ndl-listkey"]},
      "a key of two words" => {:say, %{:dbPassword => "ndl-camel", "X-Api-Key" => "ndl-kebab"}},
      "a header" => {:say, [{"accept", "x"}, {"Authorization", "Bearer ndl-header"}]},
      "a charlist" => {:say, [{'cookie', 'ndl-charlist'}]},
      "a form" => {:say, "user=bob&password=ndl-form&x=1"},
      "pieces of a form" => {:say, ["user=bob&pass", "word=ndl-pieces"]},
      "a request" => {:say, "GET / HTTP/1.1\r\nCookie: id=ndl-request\r\n"},
      "JSON" => {:say, ~s({"token": "ndl-json"})},
      "a URL" => {:say, "amqp://bob:ndl-url@localhost/"},
      "PLAIN" => {:say, {:start_ok, "PLAIN", <<0, "bob", 0, "ndl-plain">>}},
      "the parts of PLAIN" => {:say, {:again, {:ok, "bob", <<0, "ndl-plain">>}, ["bob", "x", "/ndl-plain/"]}},
      "the only argument" => {:only, <<0, "bob", 0, "ndl-only">>},
      "XMPP" => {:say, "<auth mechanism='PLAIN'>ndl-xmpp</auth>"},
      "a card" => {:say, %{number: "4111 1111 1111 1111"}},
      "a card's number" => {:say, 5_555_555_555_554_444},
      "a conn" => {:say, %{__struct__: Plug.Conn, method: "GET", status: 200, assigns: %{who: "ndl-conn"}}},
      "a large conn" =>
        {:say,
         %{
           __struct__: Plug.Conn,
           method: "GET",
           status: 200,
           assigns: %{who: "ndl-large", x: large()}
         }},
      "a closure" => {:say, closed("ndl-closure")},
      "a value seen before" => {:say, {:again, ["ndl-mapkey"]}}
    }
  end

  # What only looks like one.
  def harmless,
    do: [token_count: "hay-count", secretary: "hay-secretary", n: 1_753_000_000_000_000_000]

  def plant do
    {:ok, server} = start(%{})
    planted = planted()

    # One that is known again comes after it was hidden.
    for {what, secret} <-
          Enum.sort_by(planted, fn {what, _} -> what =~ "before" or what =~ "parts" end),
        what != "" do
      case secret do
        {:password, password} -> check_password("bob", password)
        {:only, response} -> only(response, [])
        message -> GenServer.call(server, message)
      end
    end

    GenServer.call(server, {:say, harmless()})
    map_size(planted) + ask(server)
  end

  # A secret for each way its name is given, and what comes back.
  defp ask(server) do
    for {place, {key, _}} <- Kept.values(), place not in [6, 7, 9], do: config(key)
    search(:refresh_token, 500)
    swing(:jwt_token, 500)
    GenServer.call(server, :session_cookie)
    # Known from now on.
    say({:again, [Kept.at(1), Kept.at(6)]})

    Plug.Conn.Cookies.decode("_shop_key=ndl-k7xq9w")
    Plug.Session.COOKIE.derive("ndl-base", "ndl-salt")
    URI.decode_query("who=joe&pin=ndl-query")
    URI.parse("https://hay-host/")

    # Neither a call that raised nor one whose process died is open any longer.
    try do
      missing(:password)
    rescue
      KeyError -> say("hay-after-raise")
    end

    {_, monitor} = spawn_monitor(fn -> doomed(:password) end)

    receive do
      {:DOWN, ^monitor, _, _, _} -> say("hay-after-death")
    end

    # What is asked for by another name is told, and so is a name itself.
    say(to_name(:token_count))
    put(%{n: "hay-kept"}, :password)
    map_size(Kept.values())
  end

  def put(map, key), do: Map.put(map, key, nil)
  def to_name(_), do: "hay-count-of"

  defp large, do: String.duplicate("x", 10_000)

  defp closed(password) do
    secrets = %{password: password}
    fn -> secrets end
  end
end

defmodule Pace do
  def all(n), do: Enum.each(1..n, &one/1)
  def one(10), do: slow(10)
  def one(n), do: quick(n)
  def quick(n), do: n + 1

  def slow(n) do
    receive do
    after
      60 -> quick(n)
    end
  end

  # Runs as long as its process.
  def serve do
    receive do
      {:slow, n} -> slow(n)
      :quick -> quick(1)
    end

    serve()
  end

  def fails(n), do: {caught(n), quick(n)}

  def caught(n) do
    raised(n)
  rescue
    error -> error
  end

  def raised(n), do: raise(ArgumentError, "no #{n}")
  def dies(n), do: exit({:no_more, quick(n)})
end
