defmodule Pool do
  use GenServer

  def start_link(size), do: GenServer.start_link(__MODULE__, size, name: __MODULE__)
  def checkout, do: GenServer.call(__MODULE__, :checkout)
  def checkin(conn), do: GenServer.cast(__MODULE__, {:checkin, conn})

  @impl true
  def init(size), do: {:ok, %{free: Enum.to_list(1..size), busy: []}}

  @impl true
  def handle_call(:checkout, _from, %{free: []} = state), do: {:reply, {:error, :empty}, state}

  def handle_call(:checkout, _from, %{free: [conn | free]} = state) do
    {:reply, {:ok, conn}, %{state | free: free, busy: [conn | state.busy]}}
  end

  @impl true
  def handle_cast({:checkin, conn}, state) do
    {:noreply, %{state | free: [conn | state.free], busy: List.delete(state.busy, conn)}}
  end
end

defmodule Db do
  def query(sql) do
    with {:ok, conn} <- Pool.checkout() do
      try do
        {:ok, run(conn, sql)}
      after
        Pool.checkin(conn)
      end
    end
  end

  def run(_conn, "select " <> what), do: [what]
  def run(conn, sql), do: raise(ArgumentError, "syntax of #{inspect(sql)} on #{conn}")
end

defmodule Page do
  def show(sql) do
    Db.query(sql)
  rescue
    error in ArgumentError -> {:error, error.message}
  end
end

defmodule Main do
  def run do
    {:ok, _} = Pool.start_link(3)
    for sql <- ["select 1", "select 2", "selekt 3", "select 4", "select 5", "drop 6", "select 7", "x", "select 8"], do: Page.show(sql)
    Process.sleep(10)
  end
end
