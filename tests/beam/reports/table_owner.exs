defmodule Sessions do
  use GenServer

  def start, do: GenServer.start(__MODULE__, nil, name: __MODULE__)
  def put(id, user), do: GenServer.cast(__MODULE__, {:put, id, user})
  def drop(id), do: GenServer.cast(__MODULE__, {:drop, id})

  def get(id) do
    case :ets.lookup(:sessions, id) do
      [{^id, user}] -> user
      [] -> nil
    end
  end

  @impl true
  def init(_) do
    :ets.new(:sessions, [:named_table])
    {:ok, 0}
  end

  @impl true
  def handle_cast({:put, id, user}, n) do
    :ets.insert(:sessions, {id, user})
    {:noreply, n + 1}
  end

  # BUG: a session that is not there ends the owner of the table, and with it all sessions.
  def handle_cast({:drop, id}, n) do
    [_] = :ets.take(:sessions, id)
    {:noreply, n - 1}
  end
end

defmodule Web do
  use GenServer

  def start, do: GenServer.start(__MODULE__, 0, name: __MODULE__)
  def visit(id), do: GenServer.cast(__MODULE__, {:visit, id})

  @impl true
  def init(visits), do: {:ok, visits}

  @impl true
  def handle_cast({:visit, id}, visits) do
    Sessions.get(id)
    {:noreply, visits + 1}
  end
end

defmodule Main do
  def run do
    {:ok, _} = Sessions.start()
    {:ok, _} = Web.start()
    for id <- 1..3, do: Sessions.put(id, "user #{id}")
    Process.sleep(5)
    for id <- 1..3, do: Web.visit(id)
    Process.sleep(5)
    Sessions.drop(2)
    Sessions.drop(2)
    Process.sleep(20)
    Web.visit(1)
    Process.sleep(20)
  end
end
