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

defmodule Secretive do
  use GenServer

  def start(state), do: GenServer.start(__MODULE__, state)

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call({:keep, key, value}, _, state), do: {:reply, :ok, Map.put(state, key, value)}
  def handle_call({:say, value}, _, state), do: {:reply, say(value), state}

  def check_password(_, password), do: byte_size(password) > 3
  def say(value), do: value
  def only(response, _), do: byte_size(response)

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
      "a large conn" => {:say, %{__struct__: Plug.Conn, method: "GET", status: 200, assigns: %{who: "ndl-large", x: large()}}},
      "a closure" => {:say, closed("ndl-closure")},
      "a value seen before" => {:say, {:again, ["ndl-mapkey"]}}
    }
  end

  # What only looks like one.
  def harmless, do: [token_count: "hay-count", secretary: "hay-secretary", n: 1_753_000_000_000_000_000]

  def plant do
    {:ok, server} = start(%{})
    planted = planted()

    # One that is known again comes after it was hidden.
    for {what, secret} <- Enum.sort_by(planted, fn {what, _} -> what =~ "before" or what =~ "parts" end), what != "" do
      case secret do
        {:password, password} -> check_password("bob", password)
        {:only, response} -> only(response, [])
        message -> GenServer.call(server, message)
      end
    end

    GenServer.call(server, {:say, harmless()})
    map_size(planted)
  end

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
